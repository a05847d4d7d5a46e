"""Stand-in where packages were not made: `make synth` proves templates, and needs none."""
