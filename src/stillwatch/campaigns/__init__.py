"""Who acts together, and why we think so: views, linking, evidence in bits, look-alikes."""
