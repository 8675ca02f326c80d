"""The scenes: one module a style picture, of the same name."""
