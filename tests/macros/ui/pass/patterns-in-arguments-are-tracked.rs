use memprof::track_memory;

struct Point {
    x: i32,
    y: i32,
}
struct Unit;

#[track_memory]
fn patterns((a, mut b): (i32, i32), Point { x, y: height }: Point, &c: &i32, [d, ..]: [i32; 3], _: String) -> i32 {
    b += 1;
    a + b + x + height + c + d
}

#[track_memory]
fn bindings(ref a: String, ref mut b: String, whole @ Point { x, .. }: Point, mut n: usize) -> usize {
    b.push('!');
    n += 1;
    a.len() + b.len() + n + (whole.x + x) as usize
}

#[track_memory]
fn unit(Unit: Unit, (): ()) -> u8 {
    1
}

#[track_memory]
async fn patterns_async((mut a, b): (String, String), Point { x, .. }: Point, _: String) -> String {
    a.push_str(&b);
    std::future::ready(()).await;
    format!("{a}{x}")
}

#[tokio::main]
async fn main() {
    assert_eq!(patterns((1, 2), Point { x: 3, y: 4 }, &5, [6, 0, 0], String::new()), 22);
    assert_eq!(bindings("ab".into(), "c".into(), Point { x: 1, y: 0 }, 1), 8);
    assert_eq!(unit(Unit, ()), 1);
    assert_eq!(patterns_async(("a".into(), "b".into()), Point { x: 1, y: 2 }, String::new()).await, "ab1");
}
