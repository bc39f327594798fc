// Two threads call a method at once.
#include <thread>

struct Till {
    long sum = 0;
    __attribute__((noinline)) void add(long amount) { sum += amount; }
};

int main() {
    Till till;
    std::thread other([&till] { till.add(1); });
    till.add(2);
    other.join();
}
