#![deny(warnings)]

use async_trait::async_trait;
use memprof::track_memory;

#[async_trait]
pub trait Serve: Sync {
    type Error;

    async fn serve(&mut self, by: u32, names: &[&str]) -> Result<u32, Self::Error>;

    #[track_memory]
    async fn by_default(&self, text: &str) -> usize {
        tokio::task::yield_now().await;
        text.len()
    }
}

struct Function(u32);
struct Above(u32);
struct Below(u32);

#[async_trait]
impl Serve for Function {
    type Error = std::num::ParseIntError;

    #[track_memory]
    async fn serve(&mut self, by: u32, names: &[&str]) -> Result<u32, Self::Error> {
        for name in names {
            self.0 += name.parse::<u32>()?;
        }
        Ok(self.0 + by)
    }
}

#[track_memory]
#[async_trait]
impl Serve for Above {
    type Error = std::num::ParseIntError;

    async fn serve(&mut self, mut by: u32, names: &[&str]) -> Result<u32, Self::Error> {
        for name in names {
            by += name.parse::<u32>()?;
        }
        Ok(self.0 + by)
    }
}

#[async_trait]
#[track_memory]
impl Serve for Below {
    type Error = ();

    async fn serve(&mut self, by: u32, _: &[&str]) -> Result<u32, Self::Error> {
        Ok(self.0 + by)
    }

    async fn by_default(&self, _: &str) -> usize {
        0
    }
}

#[track_memory]
#[async_trait(?Send)]
trait Local {
    async fn nothing(&self) {}

    async fn generic<T: Clone + 'static>(&self, value: T) -> T {
        let value = std::rc::Rc::new(value);
        tokio::task::yield_now().await;
        (*value).clone()
    }
}

impl Local for Below {}

/// The attribute is on a block within the tracked one.
#[track_memory]
mod module {
    #[async_trait::async_trait]
    pub trait Inner {
        async fn inner(self: Box<Self>, n: u32) -> u32;
    }

    #[cfg_attr(all(), async_trait::async_trait)]
    impl Inner for u32 {
        async fn inner(self: Box<Self>, n: u32) -> u32 {
            *self + n
        }
    }
}

#[tokio::main]
async fn main() {
    let spawned = tokio::spawn(async { Function(1).serve(1, &["1"]).await });
    assert_eq!(spawned.await.unwrap(), Ok(3));
    assert!(Function(1).serve(1, &["x"]).await.is_err());
    assert_eq!(Above(1).serve(1, &["1"]).await, Ok(3));
    assert!(Above(1).serve(1, &["x"]).await.is_err());
    assert_eq!(Below(1).serve(1, &["x"]).await, Ok(2));
    assert_eq!((Above(1).by_default("ab").await, Below(1).by_default("ab").await), (2, 0));
    Below(1).nothing().await;
    assert_eq!(Below(1).generic('x').await, 'x');
    let object: Box<dyn module::Inner> = Box::new(1_u32);
    assert_eq!(object.inner(1).await, 2);
}
