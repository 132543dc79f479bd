#!/bin/busybox sh
# The guest's first program. Words of the kernel's command line arrive as variables:
# run="COMMANDS" runs them and powers off; modules=none loads none. Else: a shell.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
if [ "$modules" != none ]; then
  for module in virtio virtio_ring virtio_mmio failover net_failover virtio-rng \
                virtio_console virtio_net virtio_blk crc16 crc32c_generic libcrc32c \
                mbcache jbd2 ext4; do
    insmod /lib/modules/$module.ko 2>/dev/null
  done
fi
cpus=$(grep -c ^processor /proc/cpuinfo)
echo "GUEST-READY $(uname -srm) cpus=$cpus uptime=$(cut -d' ' -f1 /proc/uptime)"
if [ -n "$run" ]; then
  sh -c "$run"
  echo "GUEST-DONE status=$? uptime=$(cut -d' ' -f1 /proc/uptime)"
  poweroff -f
fi
while true; do setsid cttyhack sh; done
