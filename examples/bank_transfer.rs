//! Transfers between the accounts of a bank.
//!
//! Category: lock misuse (partial locking).
//!
//! What goes wrong: every account has a lock for its balance, but a transfer takes only the
//! payer's. Two customers who pay the same shop hold two different locks while they change the
//! shop's balance, so a payment can vanish.
//!
//! What mends it: a transfer takes both accounts' locks, the one with the lower number first,
//! so that two transfers in opposite directions cannot wait for each other.

use deadheat::prelude::*;
use std::sync::Arc;

const ANN: usize = 0;
const BEN: usize = 1;
const SHOP: usize = 2;

struct Account {
    /// Guards the balance.
    lock: Mutex<()>,
    balance: Shared<i64>,
}

impl Account {
    fn new(name: &'static str, balance: i64) -> Self {
        Self {
            lock: Mutex::new(()),
            balance: Shared::named(name, balance),
        }
    }
}

struct Bank {
    accounts: Vec<Account>,
}

#[derive(Clone, Copy)]
struct Transfer {
    from: usize,
    to: usize,
    amount: i64,
}

impl Bank {
    fn open() -> Self {
        let accounts = vec![
            Account::new("Ann's balance", 100),
            Account::new("Ben's balance", 100),
            Account::new("the shop's balance", 100),
        ];
        Self { accounts }
    }

    /// Racy: the payee's balance changes without the payee's lock.
    fn transfer_partly_locked(&self, order: Transfer) {
        let _payer = self.accounts[order.from].lock.lock();
        self.book(order);
    }

    fn transfer(&self, order: Transfer) {
        assert_ne!(order.from, order.to, "a transfer is between two accounts");
        let lower = order.from.min(order.to);
        let higher = order.from.max(order.to);
        let _lower = self.accounts[lower].lock.lock();
        let _higher = self.accounts[higher].lock.lock();
        self.book(order);
    }

    /// Moves the money, if there is enough. The caller has locked the accounts.
    fn book(&self, order: Transfer) {
        let payer = &self.accounts[order.from].balance;
        let payee = &self.accounts[order.to].balance;
        let funds = payer.get();
        if funds >= order.amount {
            payer.set(funds - order.amount);
            payee.set(payee.get() + order.amount);
        }
    }

    fn balances(&self) -> Vec<i64> {
        self.accounts.iter().map(|a| a.balance.get()).collect()
    }
}

/// Ann and Ben shop at the same time, while Ann gets some money back for an earlier purchase.
fn shopping(transfer: fn(&Bank, Transfer)) -> Vec<i64> {
    let bank = Arc::new(Bank::open());
    let orders = [(ANN, SHOP, 30), (BEN, SHOP, 20), (SHOP, ANN, 5)];
    let customers = orders.map(|(from, to, amount)| {
        let bank = Arc::clone(&bank);
        go(move || transfer(&bank, Transfer { from, to, amount }))
    });
    for customer in customers {
        customer.join().unwrap();
    }
    bank.balances()
}

#[deadheat::main]
fn main() {
    let mended = std::env::args().nth(1).is_some_and(|arg| arg == "mended");
    let balances = if mended {
        shopping(Bank::transfer)
    } else {
        shopping(Bank::transfer_partly_locked)
    };
    let total: i64 = balances.iter().sum();
    println!("balances {balances:?}, {total} of 300 in all");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[deadheat::test]
    fn bank_transfer_racy() {
        shopping(Bank::transfer_partly_locked);
    }

    #[deadheat::test]
    fn bank_transfer_mended() {
        assert_eq!(shopping(Bank::transfer), [75, 80, 145]);
    }
}
