"""What draws: canvas, brush, colours, noise, fields, shapes."""
