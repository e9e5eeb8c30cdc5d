"""What a text looks like: kernels over Arrow buffers."""
