#![deny(warnings, refining_impl_trait)]
#![warn(clippy::all, clippy::pedantic, clippy::nursery)]

//! All that an `async fn` can be and do, although the compiler sees a function that returns a future.

use std::cell::Cell;
use std::fmt::Display;
use std::num::ParseIntError;

use memprof::track_memory;

/// Public, with every kind of lifetime.
#[track_memory]
pub mod library {
    pub async fn elided(one: &str) -> &str {
        tokio::task::yield_now().await;
        one
    }

    pub async fn two<'a>(one: &'a str, two: &str) -> (&'a str, usize) {
        tokio::task::yield_now().await;
        (one, two.len())
    }

    pub async fn hidden(context: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        context.write_str("x")
    }

    pub async fn higher(f: impl for<'a> Fn(&'a str) -> &'a str, g: &dyn Fn(u8) -> u8) -> u8 {
        g(f("ab").len() as u8)
    }

    pub struct Type<'t, T: ?Sized + 't, const N: usize>(pub Option<&'t T>, pub [u8; N]);

    impl<'t, T: ?Sized, const N: usize> Type<'t, T, N> {
        pub async fn new(value: &'t T) -> Self {
            Self(Some(value), [0; N])
        }

        pub async fn get(&self) -> Option<&T> {
            self.0
        }

        pub async fn longest(&self, _other: &T) -> Option<&'t T> {
            self.0
        }

        pub async fn first_mut(&mut self) -> &mut u8 {
            tokio::task::yield_now().await;
            &mut self.1[0]
        }

        pub async fn into_parts(mut self, (a, mut b): (u8, u8), _: String) -> (Option<&'t T>, u8)
        where
            T: Sync,
        {
            b += a;
            tokio::task::yield_now().await;
            self.1[0] += b;
            (self.0, self.1[0])
        }

        pub async fn shared(self: std::sync::Arc<Self>) -> usize {
            self.1.len()
        }

        pub async fn pinned(self: std::pin::Pin<&mut Self>) -> usize {
            self.1.len()
        }
    }

    pub trait Serve {
        type Item<'a>
        where
            Self: 'a;

        #[allow(async_fn_in_trait)]
        async fn serve(&mut self, n: u32) -> Self::Item<'_>;

        #[allow(async_fn_in_trait)]
        async fn by_default(&mut self) -> (u8, Self::Item<'_>)
        where
            Self: Sized,
        {
            (1, self.serve(1).await)
        }

        fn sent(&self, text: &str) -> impl Future<Output = usize> + Send;
    }

    impl Serve for String {
        type Item<'a> = &'a str;

        async fn serve(&mut self, n: u32) -> &str {
            self.push_str(&n.to_string());
            self
        }

        async fn sent(&self, text: &str) -> usize {
            tokio::task::yield_now().await;
            self.len() + text.len()
        }
    }
}

#[track_memory]
async fn recursive(n: u32) -> u32 {
    if n == 0 {
        return 0;
    }
    tokio::task::yield_now().await;
    Box::pin(recursive(n - 1)).await + 1
}

#[track_memory]
async unsafe fn unsafe_async(pointer: *const u8) -> u8 {
    unsafe { *pointer }
}

#[track_memory]
async extern "C" fn with_abi(n: u8) -> u8 {
    n
}

#[track_memory]
#[expect(clippy::unused_async)]
#[expect(unused_variables)]
async fn expects(parameter: u8) {}

#[track_memory]
async fn attributes_of_parameters(#[cfg(all())] a: u8, #[cfg(any())] b: u8, #[allow(unused)] (c, d): (u8, u8)) -> u8 {
    a + c
}

#[track_memory]
async fn impl_inside(text: &str) -> Result<Option<impl Display + use<>>, ParseIntError> {
    Ok(Some(text.parse::<u8>()?))
}

#[track_memory]
async fn never() -> ! {
    std::future::pending().await
}

/// The names of generated parameters are the user's to take.
#[track_memory]
async fn argument0((argument1, _): (u8, u8), argument0: u8, _: u8) -> u8 {
    argument1 + argument0
}

macro_rules! make {
    ($(#[$attr:meta])* $vis:vis $name:ident($($param:pat => $ty:ty),*) -> $out:ty $body:block) => {
        #[track_memory]
        $(#[$attr])* $vis async fn $name($($param: $ty),*) -> $out $body
    };
}
make!(pub made(a => u8, (b, _) => (u8, u8)) -> u8 { a + b });

async fn calls(f: impl AsyncFn(u32) -> u32) -> u32 {
    f(1).await + f(2).await
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::main]
async fn main() {
    use library::{Serve, Type};

    let text = String::from("ab");
    assert_eq!(is_send(library::elided(&text)).await, "ab");
    let one = library::two(&text, &String::from("c")).await.0;
    assert_eq!(one, "ab");
    let _ = library::hidden;
    assert_eq!(library::higher(|text| text, &|n| n).await, 2);
    let mut value = Type::<str, 2>::new(&text).await;
    assert_eq!((value.get().await, value.longest(&String::new()).await), (Some("ab"), Some("ab")));
    *value.first_mut().await = 3;
    assert_eq!(std::pin::Pin::new(&mut value).pinned().await, 2);
    assert_eq!(is_send(value.into_parts((1, 1), String::new())).await, (Some("ab"), 5));
    assert_eq!(std::sync::Arc::new(Type::<str, 2>::new(&text).await).shared().await, 2);
    let mut served = String::new();
    assert_eq!(served.serve(1).await, "1");
    assert_eq!(served.by_default().await, (1, "11"));
    assert_eq!(is_send(served.sent("a")).await, 3);
    assert_eq!(tokio::spawn(recursive(3)).await.unwrap(), 3);
    assert_eq!(unsafe { unsafe_async(&1) }.await, 1);
    assert_eq!(with_abi(1).await, 1);
    expects(1).await;
    assert_eq!(attributes_of_parameters(1, (2, 3)).await, 3);
    assert_eq!(impl_inside("1").await.unwrap().unwrap().to_string(), "1");
    tokio::select! {
        biased;
        () = async {} => {}
        _ = async { never().await } => {}
    }
    assert_eq!(argument0((1, 2), 3, 4).await, 4);
    assert_eq!(made(1, (2, 3)).await, 3);
    assert_eq!(calls(recursive).await, 3);
    let cell = Cell::new(1);
    let shared = async |cell: &Cell<u8>| cell.get();
    assert_eq!(shared(&cell).await, 1);
}
