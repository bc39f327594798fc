use deadheat::Shared;
use std::rc::Rc;

fn main() {
    let cell = Shared::new(Rc::new(1));
    let _ = deadheat::go(move || cell.get());
}
