#[memprof::main]
#[tokio::main]
async fn main() -> std::process::ExitCode {
    #[memprof::track_memory]
    async fn nested() -> u8 {
        tokio::task::yield_now().await;
        0
    }
    tokio::spawn(nested()).await.unwrap().into()
}
