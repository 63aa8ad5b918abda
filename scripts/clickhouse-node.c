/* A ClickHouse server for tests, out of the library that npm's @chdb/lib-linux-x64-gnu carries: clickhouse-local, told by its
 * query to listen. Usage: clickhouse-node LIBRARY ARGUMENTS-OF-CLICKHOUSE-LOCAL... */
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: clickhouse-node LIBRARY ARGUMENTS...\n");
        return 2;
    }
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
        fprintf(stderr, "clickhouse-node: %s\n", dlerror());
        return 1;
    }
    void *(*run)(int, char **) = (void *(*)(int, char **))dlsym(library, "query_stable_v2");
    if (!run) {
        fprintf(stderr, "clickhouse-node: this is another library: %s\n", dlerror());
        return 1;
    }
    arguments[1] = arguments[0];
    run(count - 1, arguments + 1);
    return 0;
}
