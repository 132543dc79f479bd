// SPDX-License-Identifier: Apache-2.0
// Double precision: a matrix product, planets with divides and square roots, Newton's method.
#include "workloads.h"

static uint32_t bits(double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    return (uint32_t)(word ^ word >> 32);
}

enum { SIDE = 64 };

uint32_t matmul_double(uint32_t rounds)
{
    static double a[SIDE * SIDE], b[SIDE * SIDE], c[SIDE * SIDE];
    uint32_t seed = 7, sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        a[i] = next_random(&seed) / 65536.0;
        b[i] = next_random(&seed) / 65536.0;
    }
    while (rounds--)
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++) {
                double total = c[i * SIDE + j];
                for (int k = 0; k < SIDE; k++)
                    total += a[i * SIDE + k] * b[k * SIDE + j];
                c[i * SIDE + j] = total;
            }
    for (int i = 0; i < SIDE * SIDE; i++)
        sum = mix(sum, bits(c[i]));
    return sum;
}

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static void attract(struct body *a, struct body *b, double step)
{
    double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
    double square = dx * dx + dy * dy + dz * dz + 0.01;
    double force = step / (square * __builtin_sqrt(square));
    a->vx -= dx * b->mass * force;
    a->vy -= dy * b->mass * force;
    a->vz -= dz * b->mass * force;
    b->vx += dx * a->mass * force;
    b->vy += dy * a->mass * force;
    b->vz += dz * a->mass * force;
}

uint32_t nbody(uint32_t rounds)
{
    struct body bodies[5];
    for (int i = 0; i < 5; i++)
        bodies[i] = (struct body){i, i * 2.5, -i, 0.1 * i, 0.2, -0.1 * i, 1.0 / (i + 1)};
    while (rounds--) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++)
                attract(&bodies[i], &bodies[j], 0.001);
        for (int i = 0; i < 5; i++) {
            bodies[i].x += 0.001 * bodies[i].vx;
            bodies[i].y += 0.001 * bodies[i].vy;
            bodies[i].z += 0.001 * bodies[i].vz;
        }
    }
    return bits(bodies[0].x) ^ bits(bodies[4].vz);
}

// Cube roots by Newton's method, each until it stands still; compares and divides.
uint32_t newton(uint32_t rounds)
{
    double total = 0;
    for (uint32_t i = 1; i <= rounds; i++) {
        double guess = 1.0, last = 0.0, n = i;
        while (guess - last > 1e-9 || last - guess > 1e-9) {
            last = guess;
            guess = (2 * guess + n / (guess * guess)) / 3;
        }
        total += __builtin_sqrt(guess) + (float)guess;
    }
    return bits(total);
}
