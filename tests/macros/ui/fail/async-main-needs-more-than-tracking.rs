#[memprof::main]
#[memprof::track_memory]
#[allow(unused)]
async fn main() -> Result<(), std::num::ParseIntError> {
    std::future::ready(()).await;
    "1".parse::<u8>()?;
    Ok(())
}
