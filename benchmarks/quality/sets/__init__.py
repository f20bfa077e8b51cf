"""The settings of each public set: how it is split, trained on and scored, and what others reached."""
