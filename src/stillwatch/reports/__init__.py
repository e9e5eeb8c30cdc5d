"""What we show: the result document and its renderers."""
