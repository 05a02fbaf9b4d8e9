/* wine 8 has no bcryptprimitives.dll, which Rust's standard library takes random numbers from. Every Windows has it: this
 * one lies beside the programs that tests/platforms/windows runs, and nowhere else. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID data, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    return SystemFunction036(data, (ULONG)length);
}
