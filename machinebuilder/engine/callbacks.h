/* What the engine calls in Python, beside api.h: read by cffi. `handle` is what was given
 * for the device or machine. Any thread, without a lock of the engine held; an exception
 * must not come out. */
extern "Python+C" {
    uint64_t mb_py_read(void *handle, unsigned region, uint64_t offset, unsigned size);
    void mb_py_write(void *handle, unsigned region, uint64_t offset, uint64_t value,
                     unsigned size);
    void mb_py_input(void *handle, unsigned port, unsigned index, int level);
    void mb_py_ring(void *handle, int alarm);
    void mb_py_reset(void *handle);
    void mb_py_send(void *handle, const char *data, size_t size);
    void mb_py_ready(void *handle);
    size_t mb_py_receive(void *handle, const char *data, size_t size);
    void mb_py_log(void *handle, const char *name, const char *text);
}
