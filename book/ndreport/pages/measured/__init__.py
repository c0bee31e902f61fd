"""What every attempt of Tables 4 and 5 was measured on."""
