//! Nothing by itself: its tests are in `tests`.
