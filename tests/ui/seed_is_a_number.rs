#[deadheat::test(seed = "three")]
fn test() {}

fn main() {}
