#[deadheat::test]
async fn test() {}

fn main() {}
