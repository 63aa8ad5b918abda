//! Sampling rules: wildcard matching, reservoirs, local rule files, and the targets a server hands out.
