/* A ClickHouse server for tests, out of the library that npm's @chdb/lib-linux-x64-gnu carries: clickhouse-local, told by its
 * query to listen. Usage: clickhouse-node LIBRARY ARGUMENTS-OF-CLICKHOUSE-LOCAL...
 *
 * With FLUORO_NODE_INTERSERVER=HOST:PORT it is one of several replicas, and gives the others its parts there. All that replicates
 * is in the library, but clickhouse-local never begins to serve parts; that is made up for here, in the memory of this process, for the
 * one build of the library whose bytes are as they are expected. `http_port` is then PORT, and HOST the second `listen_host`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where things are in the library of version 26.7.3-stable.1. To find them in another one: the factory's caller is the one that
 * names "HTTPHandler-factory"; the getter is what StorageReplicatedMergeTree and InterserverIOHTTPHandler both call before they
 * compare user and password; "Parameter 'interserver_http(s)_port' required" is thrown where host and port are found to be empty. */
enum {
    MAKE_FACTORY = 0x18395cc0,        /* Handlers for a listening address, by the name that is given. */
    CALL_OF_MAKE_FACTORY = 0xf117ff6, /* For each listen_host. */
    ROOM = 0x18395ca8,                /* Padding between two functions, which the call can reach. */
    CREDENTIALS = 0x1417c940,         /* Those that replicas show each other. */
    CREDENTIALS_OF_SERVING = 0x183d5270,
    SERVER_IN_LOCAL = 0xfb8, /* What the factory is given, within the object of clickhouse-local; */
    CONTEXT_IN_LOCAL = 0x40, /* and there the context, which begins with what all contexts share. */
    HOST_IN_SHARED = 0x150,
    PORT_IN_SHARED = 0x168,
    SCHEME_IN_SHARED = 0x170,
};

/* Of the library's libc++: up to 22 bytes lie within it, and the last byte is their number; else where and how many they are. */
union text {
    struct {
        char bytes[23];
        uint8_t length;
    };
    struct {
        const char *data;
        uint64_t size, is_elsewhere;
    };
};
struct pair {
    void *first, *second;
};

static char *base;
static char host[23];
static uint16_t port;

static struct pair make_factory(char *server, void *config, void *metrics, const union text *name, void *fifth, void *sixth) {
    static int calls;
    struct pair (*original)(void *, void *, void *, const union text *, void *, void *) = (void *)(base + MAKE_FACTORY);
    if (++calls != 2) return original(server, config, metrics, name, fifth, sixth);
    char *shared = **(char ***)(server - SERVER_IN_LOCAL + CONTEXT_IN_LOCAL);
    union text *own = (void *)(shared + HOST_IN_SHARED), *scheme = (void *)(shared + SCHEME_IN_SHARED);
    if (own->length || scheme->length || *(uint16_t *)(shared + PORT_IN_SHARED)) {
        fprintf(stderr, "clickhouse-node: there is something where no address of this replica should be yet\n");
        _exit(1);
    }
    strcpy(own->bytes, host);
    own->length = strlen(host);
    strcpy(scheme->bytes, "http");
    scheme->length = 4;
    *(uint16_t *)(shared + PORT_IN_SHARED) = port;
    static const char interserver[] = "InterserverIOHTTPHandler-factory";
    union text other = {.data = interserver, .size = sizeof interserver - 1, .is_elsewhere = 1ULL << 63};
    return original(server, config, metrics, &other, fifth, sixth);
}

/* Who fetches wants a user and a password, if empty ones; who serves wants nothing, and asks for nothing then. */
static struct pair credentials(void) {
    static union text none[8];
    char *caller = __builtin_return_address(0);
    return (struct pair){caller == base + CREDENTIALS_OF_SERVING ? NULL : none, NULL};
}

static void write_code(long place, const void *expected, const void *code, size_t size) {
    char *at = base + place;
    if (memcmp(at, expected, size) != 0) {
        fprintf(stderr, "clickhouse-node: this is another build of the library, and cannot replicate\n");
        exit(1);
    }
    uintptr_t page = (uintptr_t)at & ~4095UL;
    if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
        perror("clickhouse-node: mprotect");
        exit(1);
    }
    memcpy(at, code, size);
    mprotect((void *)page, 8192, PROT_READ | PROT_EXEC);
}

/* mov $function, %rax; jmp *%rax */
static void write_jump(long place, const void *expected, void *function) {
    unsigned char jump[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
    memcpy(jump + 2, &function, 8);
    write_code(place, expected, jump, sizeof jump);
}

static void begin_to_replicate(const char *address, void *symbol) {
    Dl_info found;
    dladdr(symbol, &found);
    base = found.dli_fbase;
    const char *colon = strrchr(address, ':');
    if (!colon || colon - address >= (long)sizeof host) {
        fprintf(stderr, "clickhouse-node: FLUORO_NODE_INTERSERVER is no HOST:PORT\n");
        exit(2);
    }
    memcpy(host, address, colon - address);
    port = (uint16_t)atoi(colon + 1);
    int32_t to = MAKE_FACTORY - (CALL_OF_MAKE_FACTORY + 5), room = ROOM - (CALL_OF_MAKE_FACTORY + 5);
    write_jump(ROOM, "\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc", (void *)make_factory);
    write_code(CALL_OF_MAKE_FACTORY + 1, &to, &room, sizeof to);
    write_jump(CREDENTIALS, "\x41\x57\x41\x56\x53\x4c\x8b\x3f\x49\x8d\x9f\x88", (void *)credentials);
}

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
    const char *address = getenv("FLUORO_NODE_INTERSERVER");
    if (address) begin_to_replicate(address, (void *)run);
    arguments[1] = arguments[0];
    run(count - 1, arguments + 1);
    return 0;
}
