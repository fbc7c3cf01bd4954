#![deny(warnings, clippy::all, clippy::pedantic)]

use std::error::Error;
use std::future::Future;
use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use memprof::track_memory;

#[track_memory]
fn itself(n: u8) -> impl Future<Output = u8> {
    async move { n }
}

#[track_memory]
fn bounds<'a>(n: &'a str) -> impl std::future::Future<Output = &'a str> + Send + 'a {
    std::future::ready(n)
}

#[track_memory]
fn captures<'a, T: Send>(n: &'a str, _: &T) -> impl Send + Unpin + Future<Output = usize> + use<'a, T> {
    Box::pin(async move { n.len() })
}

#[track_memory]
fn branches(n: u8) -> impl Future<Output = u8> {
    const LIMIT: u8 = 9;
    if n > LIMIT { std::future::ready(n) } else { std::future::ready(0) }
}

#[track_memory]
fn returns_early(n: u8) -> impl Future<Output = u8> {
    if n > 9 {
        return std::future::ready(n);
    }
    let double = |n: u8| {
        return n * 2;
    };
    match double(n) {
        0 => panic!("none"),
        n => return std::future::ready(n),
    }
}

#[track_memory]
fn unsafe_block(n: &u8) -> impl Future<Output = u8> {
    let n: *const u8 = n;
    unsafe { std::future::ready(*n) }
}

macro_rules! later {
    ($value:expr) => {
        async move { $value }
    };
}

#[track_memory]
fn made_by_a_macro(n: u8) -> impl Future<Output = u8> {
    later!(n)
}

#[track_memory]
fn made_by_a_macro_in_braces(n: u8) -> impl Future<Output = u8> {
    later! { n }
}

#[track_memory]
fn infers(text: &str) -> impl Future<Output = Result<u8, Box<dyn Error>>> {
    async move {
        let n: u8 = text.parse()?;
        if n > 9 {
            return Err("too many".into());
        }
        Ok(n)
    }
}

#[track_memory]
fn attributed(n: u8) -> impl Future<Output = u8> {
    #![allow(clippy::needless_return)]
    #[allow(clippy::let_and_return)]
    async move {
        let n = n;
        n
    }
}

#[track_memory]
fn boxed(n: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async move { n })
}

#[track_memory]
fn boxed_paths(n: &str) -> ::std::pin::Pin<std::boxed::Box<dyn ::core::future::Future<Output = usize> + Send + '_>> {
    let n = n.len();
    ::std::boxed::Box::pin(async move { n })
}

#[track_memory]
fn boxed_cast(n: u8) -> Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(async move { n }) as Pin<Box<dyn Future<Output = u8>>>
}

#[track_memory]
fn boxed_impl(n: u8) -> Pin<Box<impl Future<Output = u8>>> {
    Box::pin(async move { n })
}

#[track_memory]
fn by_alias<'a>(n: &'a u8) -> BoxFuture<'a, u8> {
    async move { *n }.boxed()
}

#[track_memory]
fn by_local_alias(n: &u8) -> futures_util::future::LocalBoxFuture<'_, u8> {
    let n = std::rc::Rc::new(*n);
    async move { *n }.boxed_local()
}

#[track_memory]
fn boxed_on_every_way(n: u8) -> BoxFuture<'static, Result<u8, String>> {
    if n == 0 {
        return Box::pin(async { Err("none".to_owned()) });
    }
    match n {
        1 => Box::pin(async move { Ok(n) }),
        2 => unsafe {
            let n = *std::ptr::from_ref(&n);
            Box::pin(async move { Ok(n) })
        },
        3 => {
            let n = n + 1;
            async move { Ok(n) }.boxed()
        }
        4 => unreachable!(),
        5 => return Box::pin(std::future::ready(Ok(5))),
        _ => {
            if n > 9 {
                Box::pin(async { Err("too many".to_owned()) })
            } else {
                Box::pin(async move { Ok(n) })
            }
        }
    }
}

#[track_memory]
fn not_yet_written(_: u8) -> BoxFuture<'static, u8> {
    todo!()
}

#[track_memory]
fn recursive(n: u8) -> LocalBoxFuture<'static, u8> {
    Box::pin(async move { if n == 0 { 0 } else { recursive(n - 1).await + 1 } })
}

pub struct Service(u8);

pub trait Serve {
    fn itself(&self) -> impl Future<Output = u8> + Send;

    #[track_memory]
    fn by_default(&self) -> impl Future<Output = u8>
    where
        Self: Sync,
    {
        async { self.itself().await + 1 }
    }

    fn boxed(&self) -> BoxFuture<'_, u8>;
}

#[track_memory]
impl Serve for Service {
    fn itself(&self) -> impl Future<Output = u8> + Send {
        std::future::ready(self.0)
    }

    fn boxed(&self) -> BoxFuture<'_, u8> {
        let future = self.itself();
        Box::pin(future)
    }
}

/// In a block what cannot be tracked is passed over.
#[track_memory]
impl Service {
    fn delegates(&self) -> BoxFuture<'_, u8> {
        self.boxed()
    }

    fn no_future(&self) -> Pin<Box<dyn Fn() -> u8 + '_>> {
        Box::pin(|| self.0)
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::main]
async fn main() {
    assert_eq!(is_send(itself(1)).await, 1);
    assert_eq!(is_send(bounds("a")).await, "a");
    assert_eq!(captures("a", &1).await, 1);
    assert_eq!((branches(1).await, branches(10).await), (0, 10));
    assert_eq!((returns_early(1).await, returns_early(10).await), (2, 10));
    assert_eq!(unsafe_block(&1).await, 1);
    assert_eq!((made_by_a_macro(1).await, made_by_a_macro_in_braces(2).await), (1, 2));
    assert_eq!(infers("1").await.unwrap(), 1);
    assert!(infers("x").await.is_err() && infers("10").await.is_err());
    assert_eq!(attributed(1).await, 1);
    assert_eq!(tokio::spawn(boxed(1)).await.unwrap(), 1);
    assert_eq!(is_send(boxed_paths("a")).await, 1);
    assert_eq!((boxed_cast(1).await, boxed_impl(1).await), (1, 1));
    assert_eq!((by_alias(&1).await, by_local_alias(&2).await), (1, 2));
    for n in [1, 2, 5, 6] {
        assert_eq!(boxed_on_every_way(n).await, Ok(n));
    }
    assert!(boxed_on_every_way(0).await.is_err() && boxed_on_every_way(10).await.is_err());
    assert_eq!(boxed_on_every_way(3).await, Ok(4));
    assert!(std::panic::catch_unwind(|| not_yet_written(1)).is_err());
    assert_eq!(recursive(3).await, 3);
    let service = Service(1);
    assert_eq!((service.itself().await, service.by_default().await, service.boxed().await), (1, 2, 1));
    assert_eq!((service.delegates().await, (service.no_future())()), (1, 1));
}
