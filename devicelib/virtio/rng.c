/* Virtio entropy source. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/random.h>
#include "virtio.h"
#include "virtio_rng.h"

enum { CHUNK = 256, LARGEST = 4096 };    /* bytes; a request may be answered in part */

struct rng {
    struct virtio virtio;
    uint64_t seed, counter;
    struct virtio_request request;
};

/* SplitMix64 (Steele, Lea, Flood 2014): the counter's hash is the stream. */
static uint64_t next(struct rng *rng)
{
    uint64_t z = rng->seed + ++rng->counter * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static size_t random_bytes(struct rng *rng, uint8_t *data, size_t size)
{
    if (!rng->seed) {
        ssize_t got = getrandom(data, size, 0);
        return got < 0 ? 0 : (size_t)got;
    }
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = next(rng);
        for (size_t n = 0; n < 8 && i + n < size; n++)
            data[i + n] = (uint8_t)(word >> 8 * n);
    }
    return size;
}

static size_t answer(struct rng *rng)
{
    const struct virtio_request *request = &rng->request;
    size_t wanted = request->writable_size < LARGEST ? request->writable_size : LARGEST;
    size_t done = 0;
    while (done < wanted) {
        uint8_t data[CHUNK];
        size_t part = wanted - done < CHUNK ? wanted - done : CHUNK;
        part = random_bytes(rng, data, part);
        if (!part)
            break;
        done += mb_request_write(request, done, data, part);
    }
    return done;
}

static void rng_process(struct virtio *device, unsigned index)
{
    struct rng *rng = (struct rng *)device;
    struct virtio_queue *queue = mb_virtio_queue(device, index);
    if (!queue)
        return;
    do {
        while (mb_virtqueue_pop(queue, &rng->request)) {
            size_t written = answer(rng);
            mb_request_wrote(&rng->request, device->transport->dev, written);
            mb_virtqueue_push(queue, &rng->request, written);
        }
    } while (mb_virtqueue_listen(queue));
}

static const struct virtio_ops rng_ops = {
    .id = 4, .queues = 1, .queue_size = 8, .process = rng_process,
};

static bool rng_create(void *state, struct mb_dev *dev)
{
    struct rng *rng = state;
    rng->seed = mb_dev_param(dev, RNG_PARAM_SEED);
    return mb_virtio_attach(&rng->virtio, dev, 0, NULL, 0);
}

/* Power-on starts the stream anew; a driver's reset does not, lest bytes repeat. */
static void rng_reset(void *state)
{
    ((struct rng *)state)->counter = 0;
}

static size_t rng_save(void *state, uint8_t *data, size_t size)
{
    struct rng *rng = state;
    if (data && size >= sizeof rng->counter) {
        mb_virtio_lock(&rng->virtio);
        memcpy(data, &rng->counter, sizeof rng->counter);
        mb_virtio_unlock(&rng->virtio);
    }
    return sizeof rng->counter;
}

static bool rng_restore(void *state, const uint8_t *data, size_t size)
{
    struct rng *rng = state;
    if (size != sizeof rng->counter)
        return false;
    mb_virtio_lock(&rng->virtio);
    memcpy(&rng->counter, data, size);
    mb_virtio_unlock(&rng->virtio);
    return true;
}

static void rng_destroy(void *state)
{
    mb_virtio_detach(state);
}

const struct mb_chip mb_chip_virtio_rng = {
    .abi = MB_CHIP_ABI, .model = "virtio.rng", .state_size = sizeof(struct rng),
    .create = rng_create, .destroy = rng_destroy, .reset = rng_reset,
    .save = rng_save, .restore = rng_restore, .bus_ops = &rng_ops,
};
