#[deadheat::test(sede = 3)]
fn test() {}

fn main() {}
