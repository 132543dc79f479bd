/* Bytes of virtio requests, which lie in pieces. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "virtio.h"

int mb_request_slice(const struct virtio_request *request, bool writable, size_t offset,
                     size_t size, struct iovec *out)
{
    unsigned first = writable ? request->readable : 0;
    unsigned end = first + (writable ? request->writable : request->readable);
    int n = 0;
    for (unsigned i = first; i < end && size; i++) {
        size_t length = request->iov[i].iov_len;
        if (offset >= length) {
            offset -= length;
            continue;
        }
        length = length - offset < size ? length - offset : size;
        out[n++] = (struct iovec){ (uint8_t *)request->iov[i].iov_base + offset, length };
        offset = 0;
        size -= length;
    }
    return n;
}

size_t mb_request_read(const struct virtio_request *request, size_t offset, void *data,
                       size_t size)
{
    size_t done = 0;
    for (unsigned i = 0; i < request->readable && done < size; i++) {
        size_t length = request->iov[i].iov_len;
        if (offset >= length) {
            offset -= length;
            continue;
        }
        length = length - offset < size - done ? length - offset : size - done;
        memcpy((uint8_t *)data + done, (uint8_t *)request->iov[i].iov_base + offset, length);
        offset = 0;
        done += length;
    }
    return done;
}

size_t mb_request_write(const struct virtio_request *request, size_t offset,
                        const void *data, size_t size)
{
    size_t done = 0;
    unsigned end = request->readable + request->writable;
    for (unsigned i = request->readable; i < end && done < size; i++) {
        size_t length = request->iov[i].iov_len;
        if (offset >= length) {
            offset -= length;
            continue;
        }
        length = length - offset < size - done ? length - offset : size - done;
        memcpy((uint8_t *)request->iov[i].iov_base + offset, (const uint8_t *)data + done,
               length);
        offset = 0;
        done += length;
    }
    return done;
}

void mb_request_wrote(const struct virtio_request *request, struct mb_dev *dev,
                      size_t written)
{
    unsigned end = request->readable + request->writable;
    for (unsigned i = request->readable; i < end && written; i++) {
        size_t length = request->iov[i].iov_len;
        length = length < written ? length : written;
        mb_dma_wrote(dev, request->address[i], length);
        written -= length;
    }
}
