//! Reading of inputs.
