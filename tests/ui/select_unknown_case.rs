fn main() {
    deadheat::select! {
        receive(rx) -> value => value,
    }
}
