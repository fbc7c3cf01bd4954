#![deny(warnings)]

async fn run() -> Result<(), std::num::ParseIntError> {
    "1".parse::<u8>().map(drop)
}

#[memprof::main]
#[tokio::main]
async fn main() -> Result<(), std::num::ParseIntError> { run().await }
