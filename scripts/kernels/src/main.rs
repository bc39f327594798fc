//! Kernels that data-race detectors are compared on: `kernels NAME` runs one, `kernels` lists all. With `kernels NAME
//! beside` there is a second thread all the time, which does nothing: so that what a detector saves on a process with one
//! thread can be told apart.
//!
//! Each is race-free, has a fixed size, and checks its own result. At the end, how much memory was
//! taken at most is printed, in KiB.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

const KERNELS: [(&str, fn()); 10] = [
    ("sequential-sum", sum),
    ("hash-map", hash_map),
    ("sort", sort),
    ("matrix-product", matrix),
    ("mutex-counter", mutex),
    ("atomic-counter", atomic),
    ("mpsc-pipeline", pipeline),
    ("fork-join", fork_join),
    ("regex", regex),
    ("json", json),
];

fn main() {
    let Some(name) = std::env::args().nth(1) else {
        for (name, _) in KERNELS {
            println!("{name}");
        }
        return;
    };
    let kernel = KERNELS.iter().find(|(known, _)| *known == name);
    let Some((_, kernel)) = kernel else {
        eprintln!("there is no kernel {name}");
        std::process::exit(2);
    };
    if std::env::args().nth(2).as_deref() == Some("beside") {
        thread::spawn(|| loop {
            thread::park();
        });
    }
    kernel();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().trim_end_matches(" kB");
    println!("{peak}");
}

/// Numbers that look random, by a fixed rule (Marsaglia's xorshift).
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

fn sum() {
    let all: Vec<u64> = (0..1 << 20).collect();
    let mut total = 0_u64;
    for _ in 0..10 {
        for number in black_box(&all) {
            total = black_box(total.wrapping_add(*number));
        }
    }
    assert_eq!(total, 10 * ((1 << 20) - 1) * (1 << 19));
}

fn hash_map() {
    let mut map = HashMap::new();
    for number in numbers().take(400_000) {
        *map.entry(number % 100_003).or_insert(0_u64) += 1;
    }
    assert_eq!(map.values().sum::<u64>(), 400_000);
}

fn sort() {
    let mut all: Vec<_> = numbers().take(600_000).collect();
    all.sort_unstable();
    assert!(all.is_sorted());
}

fn matrix() {
    const N: usize = 220;
    let one: Vec<f64> = (0..N * N).map(|i| (i % 7) as f64).collect();
    let other: Vec<f64> = (0..N * N).map(|i| (i % 5) as f64).collect();
    let mut product = vec![0.0; N * N];
    let (upper, lower) = product.split_at_mut(N * N / 2);
    let part = |rows: &mut [f64], from: usize| {
        for (i, row) in rows.chunks_mut(N).enumerate() {
            for j in 0..N {
                row[j] = (0..N).map(|k| one[(from + i) * N + k] * other[k * N + j]).sum();
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| part(upper, 0));
        part(lower, N / 2);
    });
    assert!(product.iter().sum::<f64>() > 0.0);
}

fn mutex() {
    let count = Arc::new(Mutex::new(0_u64));
    on_two_threads(|| {
        let count = count.clone();
        move || (0..150_000).for_each(|_| *count.lock().unwrap() += 1)
    });
    assert_eq!(*count.lock().unwrap(), 300_000);
}

fn atomic() {
    let count = Arc::new(AtomicU64::new(0));
    on_two_threads(|| {
        let count = count.clone();
        move || {
            (0..1_000_000).for_each(|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 2_000_000);
}

fn on_two_threads<F: FnOnce() + Send + 'static>(mut work: impl FnMut() -> F) {
    let threads = [work(), work()].map(thread::spawn);
    for thread in threads {
        thread.join().unwrap();
    }
}

fn pipeline() {
    let (first, words) = mpsc::channel::<String>();
    let (second, lengths) = mpsc::sync_channel::<usize>(64);
    let middle = thread::spawn(move || {
        for word in words {
            second.send(word.len()).unwrap();
        }
    });
    let last = thread::spawn(move || lengths.into_iter().sum::<usize>());
    for number in 0..60_000 {
        first.send(format!("{number:05}")).unwrap();
    }
    drop(first);
    middle.join().unwrap();
    assert_eq!(last.join().unwrap(), 300_000);
}

fn fork_join() {
    fn total(all: &[u64]) -> u64 {
        if all.len() <= 256 {
            return all.iter().sum();
        }
        let (one, other) = all.split_at(all.len() / 2);
        let (one, other) = rayon::join(|| total(one), || total(other));
        one + other
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let all: Vec<u64> = (0..1 << 20).collect();
    for _ in 0..10 {
        assert_eq!(pool.install(|| total(&all)), ((1 << 20) - 1) * (1 << 19));
    }
}

fn regex() {
    let mut text = String::new();
    for number in numbers().take(12_000) {
        text.push_str(&format!("{:x} word-{} {}@example.org\n", number, number % 97, number % 1013));
    }
    let address = regex::Regex::new(r"\b[a-z0-9._]+@[a-z]+\.(org|net)\b").unwrap();
    assert_eq!(address.find_iter(&text).count(), 12_000);
}

fn json() {
    let mut text = String::from("[");
    for (i, number) in numbers().take(12_000).enumerate() {
        let comma = if i == 0 { "" } else { "," };
        text.push_str(&format!(
            "{comma}{{\"id\":{i},\"value\":{},\"tags\":[\"a{}\",\"b\"],\"on\":true}}",
            number % 100_000,
            number % 31
        ));
    }
    text.push(']');
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value.as_array().unwrap().len(), 12_000);
}
