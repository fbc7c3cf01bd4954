//! Nothing: the manifest names the crates that are annotated.
