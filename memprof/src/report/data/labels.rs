//! The rows of labels.

data! {
    /// Memory of the work that carried one label.
    pub struct LabelRow {
        /// Key, such as `collection`.
        key: String,
        /// Value, such as `docs`; `other` for all values beyond `max_label_values` or 128 bytes.
        value: String,
        /// Pieces of work with this label.
        calls: u64,
        /// Bytes allocated in that work, on all its threads. A thread that is in it may be missing less than 64 KB.
        allocated_bytes: u64,
        /// Bytes deallocated in that work, whoever allocated them.
        deallocated_bytes: u64,
        /// Allocated − deallocated; negative if blocks of other work were deallocated.
        net_bytes: i64,
        /// Live bytes that the work allocated, whoever will free them; an estimate in a sample. `None` if the sample
        /// says nothing of the label, if blocks did not fit into the live table, if nothing is recorded, and on 32-bit
        /// systems.
        retained_bytes: Option<u64>,
        /// Standard error of `retained_bytes`; 0 when exact.
        retained_error_bytes: Option<u64>,
    }
}
