//! The picture of the peak of one process.

use crate::report::data::PeakPicture;

/// The process with the highest peak, and its picture if it has one. A picture of a lower peak shows no highest one.
#[derive(Debug, Default)]
pub(super) struct HighestPeak {
    highest: Option<(u64, String)>,
    picture: Option<PeakPicture>,
}

impl HighestPeak {
    pub(super) fn add(&mut self, run: &str, bytes: u64, picture: Option<PeakPicture>) {
        let process = (bytes, run.to_owned());
        if self.highest.as_ref().is_none_or(|highest| process > *highest) {
            self.highest = Some(process);
            self.picture = picture;
        }
    }

    pub(super) fn finish(self) -> Option<PeakPicture> {
        self.picture
    }
}
