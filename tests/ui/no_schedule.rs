#[deadheat::test(schedules = 0)]
fn test() {}

fn main() {}
