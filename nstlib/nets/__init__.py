"""Networks that paint."""
