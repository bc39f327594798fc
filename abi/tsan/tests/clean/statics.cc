// Local variables of C++ that are made by whoever comes first; thread-local ones with destructors;
// exceptions; tables of virtual functions.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

struct Base {
    virtual ~Base() = default;
    virtual int value() const = 0;
};

struct Derived : Base {
    std::vector<int> values{1, 2, 3};
    int value() const override { return values[1]; }
};

static const Base &shared() {
    static const Derived made;
    return made;
}

static std::atomic<int> destroyed;

struct Local {
    std::unique_ptr<int> value = std::make_unique<int>(5);
    ~Local() { destroyed += *value; }
};

static thread_local Local local;

__attribute__((noinline)) static void fail(int depth) {
    if (depth == 0)
        throw std::runtime_error("as it should");
    fail(depth - 1);
    std::puts("not reached");
}

int main() {
    std::vector<std::thread> threads;
    std::atomic<int> sum{0};
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&] {
            sum += shared().value() + *local.value;
            try {
                fail(5);
            } catch (const std::exception &) {
                sum++;
            }
        });
    for (auto &thread : threads)
        thread.join();
    return sum == 32 && destroyed == 20 ? 0 : 1;
}
