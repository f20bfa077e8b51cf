"""What the whole pipeline costs beside its models; `make bench`."""
