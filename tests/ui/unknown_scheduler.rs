#[deadheat::test(scheduler = "fast")]
fn test() {}

fn main() {}
