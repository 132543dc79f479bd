/* The whole C boundary: Python reads this very file through cffi (so: no macros beyond
 * `#define NAME number`, no includes, no static functions; types are spelled out).
 *
 * Errors: functions that can fail give NULL, -1 or false, and mb_error() then says why in
 * words for a person. Threads: unless said otherwise, call from one thread; functions
 * that run a guest release the GIL.
 */

struct mb_machine;
struct mb_cpu;
struct mb_bus;
struct mb_dev;

const char *mb_error(void);               /* of this thread's last failure */

/* ---- machine --------------------------------------------------------------------------- */
/* clock 0: real time; 1: virtual, `ns_per_insn_shift`: 2^shift ns an instruction. */
struct mb_machine *mb_machine_new(int clock, int ns_per_insn_shift);
void mb_machine_free(struct mb_machine *machine);      /* stops and joins everything */
int64_t mb_machine_clock_ns(struct mb_machine *machine);

/* Run until an event; gives it: 1 power off, 2 reset, 3 error, 4 stopped by mb_machine_stop,
 * 5 timeout_ms passed (0: none), 6 breakpoint or step done, 7 a signal came to this thread:
 * handle it and call again. `why` of the event: text. */
int mb_machine_run(struct mb_machine *machine, int64_t timeout_ms);
void mb_machine_stop(struct mb_machine *machine);      /* any thread, async-signal-safe */
const char *mb_machine_why(struct mb_machine *machine);
/* Python chips and host back ends ask for an event; the first one counts. Any thread. */
void mb_machine_post(struct mb_machine *machine, int event, const char *why);
/* What callbacks about the machine as a whole (logs) are given. */
void mb_machine_set_handle(struct mb_machine *machine, void *handle);
void mb_machine_reset(struct mb_machine *machine);     /* devices and CPUs to power-on */
/* Virtual addresses where any CPU stops, before the instruction there; they replace those
 * that were set. While stopped. The next run goes on past the breakpoint it stopped at. */
int mb_machine_set_breakpoints(struct mb_machine *machine, const uint64_t *pcs, size_t count);
int mb_machine_breakpoint_cpu(struct mb_machine *machine); /* who stopped last run; -1: none */

/* ---- buses and memory -------------------------------------------------------------------- */
struct mb_bus *mb_bus_new(struct mb_machine *machine, const char *name, int address_bits);
struct mb_bus *mb_machine_memory(struct mb_machine *machine);   /* the CPUs' "mmio" bus */
/* RAM is a memfd; gives its host address. */
void *mb_bus_add_ram(struct mb_bus *bus, const char *name, uint64_t address, uint64_t size);
void *mb_bus_add_rom(struct mb_bus *bus, const char *name, uint64_t address, uint64_t size);
int mb_bus_add_device(struct mb_bus *bus, struct mb_dev *dev, int region,
                      uint64_t address, uint64_t size);
int mb_bus_add_stub(struct mb_bus *bus, const char *name, uint64_t address, uint64_t size,
                    uint64_t value);
/* As mb_bus_add_device, of a window that mb_dev_region_rom may turn into memory at times. */
int mb_bus_add_flash(struct mb_bus *bus, struct mb_dev *dev, int region,
                     uint64_t address, uint64_t size);
/* A window that is nowhere until the chip places it (layer 0), fixed (1), or lies over
 * others (2); of calls, or of real memory in pieces of `step` bytes that are shown each on
 * their own. */
int mb_bus_add_layer(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                     uint64_t size, int layer);
int mb_bus_add_memory(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                      uint64_t size, int layer, int writable, uint64_t step);
uint64_t mb_bus_touches(struct mb_bus *bus, uint64_t address);   /* accesses to a stub */
int mb_bus_read(struct mb_bus *bus, uint64_t address, void *data, size_t size);
int mb_bus_write(struct mb_bus *bus, uint64_t address, const void *data, size_t size);

/* ---- devices -------------------------------------------------------------------------------- */
/* Python chips: their accesses come back as callbacks (extern "Python"). */
struct mb_dev *mb_dev_new_python(struct mb_machine *machine, const char *name, void *handle);
struct mb_dev *mb_dev_new_native(struct mb_machine *machine, const char *name,
                                 const void *chip /* struct mb_chip * */);
/* Sits on `bus` of the parent, at that number. */
int mb_dev_sit(struct mb_dev *dev, struct mb_dev *parent, const char *bus, int slot);
int mb_dev_set_param(struct mb_dev *dev, const char *name, uint64_t value);
int mb_dev_set_param_str(struct mb_dev *dev, const char *name, const char *value);
int mb_dev_create(struct mb_dev *dev);                 /* after parameters and wires */
/* Registers are big-endian: bytes of a guest's access are swapped on the way. */
void mb_dev_set_big_endian(struct mb_dev *dev, int on);
/* The chip that offers the bus `dev` sits on, for a bus where windows have addresses:
 * DMA of `dev` goes through it. */
void mb_dev_set_parent(struct mb_dev *dev, struct mb_dev *parent);
/* Wire output (port, index) to an input of a device or CPU; target_cpu -1 if not banked. */
int mb_dev_wire(struct mb_dev *dev, int port, int index, struct mb_dev *target,
                int target_port, int target_index, int target_cpu);
int mb_dev_wire_cpu(struct mb_dev *dev, int port, int index, struct mb_cpu *cpu, int input);
int mb_cpu_wire(struct mb_cpu *cpu, int output, struct mb_dev *target, int target_port,
                int target_index, int target_cpu);
void mb_dev_drive(struct mb_dev *dev, int port, int index, int level);  /* Python chips */
int mb_dev_add_alarm(struct mb_dev *dev);              /* gives its number */
void mb_dev_arm(struct mb_dev *dev, int alarm, int64_t deadline_ns);    /* INT64_MAX: not */
int mb_dev_dma_read(struct mb_dev *dev, uint64_t address, void *data, size_t size);
int mb_dev_dma_write(struct mb_dev *dev, uint64_t address, const void *data, size_t size);
/* CPUs read the window from `host` (as long as the window is); NULL: they ask the chip. */
/* Windows that move, of chips in Python: device.h. */
void mb_dev_region_place(struct mb_dev *dev, unsigned region, uint64_t address, bool visible);
void *mb_dev_region_memory(struct mb_dev *dev, unsigned region);
void mb_dev_region_rom(struct mb_dev *dev, unsigned region, const void *host);
/* A native chip's state as bytes: gives their number, copies them if `size` is enough. */
size_t mb_dev_save(struct mb_dev *dev, void *data, size_t size);
int mb_dev_restore(struct mb_dev *dev, const void *data, size_t size);
/* What mb_py_send and mb_py_ready are given for a native chip; NULL: nobody listens. */
void mb_dev_set_handle(struct mb_dev *dev, void *handle);
size_t mb_dev_give(struct mb_dev *dev, const void *data, size_t size);  /* host -> chip */
/* The screen as RGB: gives the bytes it takes, writes them if there is room; 0: no screen. */
size_t mb_dev_picture(struct mb_dev *dev, unsigned *width, unsigned *height, void *rgb,
                      size_t room);
/* An input that no line drives, such as a button. */
void mb_dev_set_input(struct mb_dev *dev, int port, int index, int level);
/* How often CPUs read and wrote its regions, ports included. */
void mb_dev_accesses(struct mb_dev *dev, uint64_t *reads, uint64_t *writes);
uint64_t mb_dev_peek(struct mb_dev *dev, int region, uint64_t offset, int size);
void mb_dev_poke(struct mb_dev *dev, int region, uint64_t offset, uint64_t value, int size);

/* ---- disk images (machinebuilder/host/disk.h), for chips in Python: 0 or an errno ------------- */
struct mb_disk;
struct mb_disk *mb_disk_open(const char *path, unsigned flags, char *why, size_t why_size);
void mb_disk_close(struct mb_disk *disk);
uint64_t mb_disk_size(const struct mb_disk *disk);
int mb_disk_get(struct mb_disk *disk, uint64_t offset, void *data, size_t size);
int mb_disk_put(struct mb_disk *disk, uint64_t offset, const void *data, size_t size);
int mb_disk_flush(struct mb_disk *disk);

/* ---- network (machinebuilder/host/net.c) ----------------------------------------------------- */
/* Join a device whose back end is "net" to the outside; `spec` as in
 * docs/disks-and-networks.md. NULL: mb_error(). Close before the machine is freed. */
struct mb_net;
/* A chip in Python: a frame for the network; the frame it refused may come again. */
void mb_dev_emit(struct mb_dev *dev, const void *frame, size_t size);
void mb_dev_emit_ready(struct mb_dev *dev);
struct mb_net *mb_net_open(struct mb_dev *dev, const char *spec);
void mb_net_close(struct mb_net *net);

/* ---- KVM (engine/kvm) ------------------------------------------------------------------------ */
/* Can the host run CPUs of that core (struct mb_core *)? -1: mb_error says why not. */
int mb_kvm_probe(const void *core);
/* Before the machine's CPUs are made, which are then of mode 2. Interrupt chips of KVM: 0
 * none, 1 local APICs, 2 all. */
int mb_kvm_open(struct mb_machine *machine, const void *core, int chips);
const void *mb_kvm_proxy(void);           /* a struct mb_chip for one that KVM has itself */
/* Rows of seven words: leaf, subleaf, flags, eax, ebx, ecx, edx. Gives their number. */
int mb_kvm_supported_cpuid(struct mb_machine *machine, uint32_t *words, int entries);
int mb_kvm_set_cpuid(struct mb_cpu *cpu, const uint32_t *words, int entries);
/* A model-specific register, before the first reset: what it holds after each. */
int mb_kvm_set_msr(struct mb_cpu *cpu, uint32_t number, uint64_t value);

/* ---- CPUs -------------------------------------------------------------------------------------- */
/* mode 0: translated, 1: interpreted, 2: on KVM. */
struct mb_cpu *mb_cpu_new(struct mb_machine *machine, const void *core, int mode);
/* State by the core's name of it, or pc, flags, insns, halted, mxcsr; while stopped. `size`
 * is at least the field's width; gives the width, -1 on error. */
int mb_cpu_read_field(struct mb_cpu *cpu, const char *field, int index, void *data,
                      size_t size);
int mb_cpu_write_field(struct mb_cpu *cpu, const char *field, int index, const void *data,
                       size_t size);
/* The core's fields by number; 0 after the last one. */
int mb_cpu_field(struct mb_cpu *cpu, int number, const char **name, int *width, int *count);
void mb_cpu_set_powered(struct mb_cpu *cpu, int on);    /* at reset: runs or waits for power_on */
int mb_cpu_read_memory(struct mb_cpu *cpu, uint64_t va, void *data, size_t size);
int mb_cpu_write_memory(struct mb_cpu *cpu, uint64_t va, const void *data, size_t size);
int mb_cpu_step(struct mb_cpu *cpu);                     /* one instruction, while stopped */
int mb_cpu_step_masked(struct mb_cpu *cpu);              /* likewise; interrupts wait */
/* One instruction as text; gives its length in bytes, 0 if there is none. */
int mb_cpu_disassemble(struct mb_cpu *cpu, uint64_t pc, char *text, size_t size);

struct mb_stats {
    uint64_t insns, blocks, block_bytes, guest_bytes, flushes, invalidations;
    uint64_t exits_link, exits_jump, exits_irq, exits_leave, slow_loads, slow_stores,
             mmio_reads, mmio_writes, faults, tlb_flushes, translate_ns, run_ns;
};
void mb_machine_stats(struct mb_machine *machine, struct mb_stats *stats);

/* Units that were found at work, by samples of each CPU's time; gives how many there are,
 * at most `capacity` of them in `rows`. `elsewhere`: samples outside of units. */
struct mb_profile_row { uint64_t pc; uint32_t samples, tier; };
size_t mb_machine_profile(struct mb_machine *machine, struct mb_profile_row *rows,
                          size_t capacity, uint64_t *elsewhere);
