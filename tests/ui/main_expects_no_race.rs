#[deadheat::main(expect_race)]
fn other() {}

fn main() {}
