//! The engine over small made-up shops.
