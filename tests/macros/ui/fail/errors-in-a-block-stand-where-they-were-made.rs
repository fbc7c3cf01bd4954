use memprof::track_memory;

struct Type;

#[track_memory]
impl Type {
    fn wrong_type(&self) -> u8 {
        "text"
    }

    async fn wrong_error(&self, text: &str) -> Result<u8, String> {
        Ok(text.parse::<u8>()?)
    }

    fn half_typed(&self) {
        self.
    }
}

#[track_memory]
mod module {
    pub fn unknown() -> Missing {}

    fn unused(unused: u8) {}
}

#[track_memory]
mod unreadable {
    pub fn no_type(a: ) {}
}

fn main() {
    module::unknown();
    Type.half_typed();
}
