"""What the trainer reaches on public sets, beside what others published; `make quality`."""
