"""What everyone makes."""

SIDE, QUALITY = 224, 95
# Degrees, parts of the side, factors.
ROTATION, SHIFT, SHEAR, ZOOM, BRIGHTNESS = 15, 0.1, 8, 0.1, 0.2
