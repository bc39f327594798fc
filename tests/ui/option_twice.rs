#[deadheat::test(seed = 3, seed = 4)]
fn test() {}

fn main() {}
