"""What a step costs: beside a C program that does the same, and in system calls. See README.md."""
