use memprof::track_memory;

macro_rules! from_parts {
    ($(#[$attr:meta])* $vis:vis fn $name:ident($($param:ident: $ty:ty),*) -> $ret:ty $body:block) => {
        #[track_memory]
        $(#[$attr])*
        $vis fn $name($($param: $ty),*) -> $ret $body
    };
    (async fn $name:ident($($param:pat => $ty:ty),*) -> $ret:ty $body:block) => {
        #[track_memory]
        async fn $name($($param: $ty),*) -> $ret $body
    };
}

macro_rules! whole {
    ($item:item) => {
        #[track_memory]
        $item
    };
}

macro_rules! numbered {
    ($($name:ident = $value:expr),*) => {
        $(
            #[track_memory(name = "numbered")]
            fn $name(input: u32) -> u32 {
                let value = 1; // Not the one that `$value` may mean.
                let _ = value;
                $value + input
            }
        )*
    };
}

from_parts!(
    /// Documented.
    #[must_use]
    pub fn add(a: u32, b: u32) -> u32 {
        if a == 0 {
            return b;
        }
        a + b
    }
);
from_parts!(fn private(_text: &'static str) -> () {});
from_parts!(async fn later(mut a => u32, (b, _) => (u32, u32)) -> Result<u32, std::num::ParseIntError> {
    a += b + "1".parse::<u32>()?;
    Ok(a)
});
whole!(
    pub(crate) fn item(mut n: u32) -> u32 {
        n += 1;
        n
    }
);
whole!(
    async fn item_async() -> u32 {
        7
    }
);
numbered!(one = 1, two = 1 + 1);

struct Type;

macro_rules! methods {
    ($($name:ident)*) => {
        impl Type {
            $(#[track_memory] fn $name(&self) -> &'static str { stringify!($name) })*
        }
    };
}
methods!(a b);

#[tokio::main]
async fn main() {
    assert_eq!(add(0, 2) + add(1, 2), 5);
    private("x");
    assert_eq!(later(1, (2, 0)).await, Ok(4));
    assert_eq!(item(1), 2);
    assert_eq!(item_async().await, 7);
    assert_eq!((one(10), two(10)), (11, 12));
    assert_eq!((Type.a(), Type.b()), ("a", "b"));
}
