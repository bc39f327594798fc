#[deadheat::test]
fn test(n: u32) {
    let _ = n;
}

fn main() {}
