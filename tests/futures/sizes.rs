//! How much larger the future of a tracked function is than that of the same function without the attribute.

use memprof::track_memory;
use memprof_tests::pause;

/// Maximum size that `Tracked` may add to the future in it.
const LIMIT: usize = 64;

type Large = [u8; 1000];

/// The same functions twice: as they stand, and tracked. `size_of_val` of both futures, for the same arguments.
macro_rules! twice {
    ($($function:item)*) => {
        #[allow(unused, unreachable_pub, clippy::all)]
        mod plain {
            use super::*;
            pub struct Type(pub Large);
            $($function)*
        }
        #[allow(unused, unreachable_pub, clippy::all)]
        mod tracked {
            use super::*;
            pub struct Type(pub Large);
            $(#[track_memory] $function)*
        }
    };
}

macro_rules! assert_sizes {
    ($($name:ident($($argument:expr),*)),* $(,)?) => {$({
        let plain = size_of_val(&plain::$name($($argument),*));
        let tracked = size_of_val(&tracked::$name($($argument),*));
        assert!(tracked <= plain + LIMIT, "{}: {plain} bytes, tracked {tracked}", stringify!($name));
    })*};
}

#[derive(Clone)]
struct Service {
    data: Large,
    name: String,
}

trait Serve {
    fn large(&self) -> Large;
}

impl Serve for Service {
    fn large(&self) -> Large {
        self.data
    }
}

twice! {
    pub async fn nothing() {}
    pub async fn never_used(a: Large) {}
    pub async fn never_used_over_a_pause(a: Large, _: Large) { pause().await; }
    pub async fn used_before(a: Large) -> u8 { let first = a[0]; pause().await; first }
    pub async fn used_after(a: Large) -> u8 { pause().await; a[0] }
    pub async fn changed(mut a: Large) -> Large { a[0] = 1; pause().await; a[1] = 2; a }
    pub async fn dropped_before(a: Vec<u8>, b: Large) -> u8 { drop(a); pause().await; b[0] }
    pub async fn several(a: Large, b: [u64; 100], c: String, d: &str) -> usize {
        pause().await;
        a.len() + b.len() + c.len() + d.len()
    }
    pub async fn passed_on(a: Large) -> u8 { used_after(a).await }
    pub async fn twice_passed_on(a: Large) -> u8 { used_after(a).await + used_after(a).await }
    pub async fn reference(a: &Large) -> &u8 { pause().await; &a[0] }
    pub async fn mutable(a: &mut Large) -> &mut u8 { pause().await; &mut a[0] }
    pub async fn pattern((a, b): (Large, Large), [c, ..]: Large) -> u8 { pause().await; a[0] + b[0] + c }
    pub async fn part_of_a_pattern(Service { name, .. }: Service) -> usize { pause().await; name.len() }
    pub async fn generic<T: Serve, const N: usize>(a: T, b: [u8; N]) -> u8 { pause().await; a.large()[0] + b[0] }
    pub async fn impl_in(a: impl Serve, f: impl Fn(u8) -> u8) -> u8 { pause().await; f(a.large()[0]) }
    pub async fn impl_out(a: Large) -> impl Iterator<Item = u8> { pause().await; a.into_iter() }
    pub async fn fails(a: Large) -> Result<Large, std::num::ParseIntError> {
        let n: u8 = "1".parse()?;
        pause().await;
        let _: u8 = "2".parse()?;
        Ok(a)
    }
    pub async fn returns_large(a: u8) -> Large { pause().await; [a; 1000] }
    pub async fn recursive(a: Large, n: u8) -> u8 {
        if n == 0 { return 0; }
        Box::pin(recursive(a, n - 1)).await + a[0]
    }
    pub async unsafe fn unsafe_async(a: Large) -> u8 { pause().await; a[0] }
    #[inline]
    #[allow(unused)]
    #[cfg_attr(all(), inline, doc = "Documented.")]
    #[deprecated]
    #[doc(hidden)]
    #[cfg(all())]
    pub async fn with_attributes(a: Large) -> u8 { pause().await; a[0] }
    impl Type {
        pub async fn by_value(self) -> u8 { pause().await; self.0[0] }
        pub async fn by_value_unused(self) { pause().await; }
        pub async fn part_of_self(self) -> u8 { let first = self.0[0]; pause().await; first }
        pub async fn changes(mut self, a: Large) -> Self { pause().await; self.0 = a; self }
        pub async fn by_reference(&self, a: Large) -> &u8 {
            pause().await;
            if a[0] == 0 { &self.0[0] } else { &self.0[1] }
        }
        pub async fn by_box(&mut self, a: Large) -> Box<dyn FnOnce() -> u8 + '_> {
            pause().await;
            Box::new(move || { self.0 = a; 1 })
        }
    }
    pub fn itself(a: Large) -> impl Future<Output = u8> { async move { pause().await; a[0] } }
}

#[test]
#[allow(deprecated)]
fn a_tracked_future_is_at_most_64_bytes_larger() {
    let large = || [1; 1000];
    let service = || Service { data: large(), name: String::new() };
    let mut kept = large();
    assert_sizes![
        nothing(),
        never_used(large()),
        never_used_over_a_pause(large(), large()),
        used_before(large()),
        used_after(large()),
        changed(large()),
        dropped_before(Vec::new(), large()),
        several(large(), [1; 100], String::new(), ""),
        reference(&kept),
        mutable(&mut kept),
        pattern((large(), large()), large()),
        part_of_a_pattern(service()),
        generic(service(), large()),
        impl_in(service(), |n| n),
        impl_out(large()),
        fails(large()),
        returns_large(1),
        recursive(large(), 1),
        with_attributes(large()),
        itself(large()),
    ];
    // Two tracked futures, one within the other.
    for (plain, tracked, depth) in [
        (size_of_val(&plain::passed_on(large())), size_of_val(&tracked::passed_on(large())), 2),
        (size_of_val(&plain::twice_passed_on(large())), size_of_val(&tracked::twice_passed_on(large())), 2),
    ] {
        assert!(tracked <= plain + depth * LIMIT, "{plain} bytes, tracked {tracked}");
    }
    // SAFETY: it is unsafe by name only.
    let (plain, tracked) = unsafe { (plain::unsafe_async(large()), tracked::unsafe_async(large())) };
    assert!(size_of_val(&tracked) <= size_of_val(&plain) + LIMIT);
}

#[test]
fn methods_too() {
    macro_rules! assert_methods {
        ($($name:ident($($argument:expr),*)),* $(,)?) => {$({
            let plain = size_of_val(&plain::Type([1; 1000]).$name($($argument),*));
            let tracked = size_of_val(&tracked::Type([1; 1000]).$name($($argument),*));
            assert!(tracked <= plain + LIMIT, "{}: {plain} bytes, tracked {tracked}", stringify!($name));
        })*};
    }
    assert_methods![
        by_value(),
        by_value_unused(),
        part_of_self(),
        changes([1; 1000]),
        by_reference([1; 1000]),
        by_box([1; 1000]),
    ];
}
