using System;
using System.Runtime.InteropServices;
#if NETCOREAPP
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
#endif

namespace TigerGraphAuth
{
    /// <summary>Finds the native library, and says what to do if it is missing or of another version.</summary>
    internal static class NativeLoader
    {
        // The version of the header that this package was written for. Before 1.0 the second number must be the same.
        private const uint Major = 0;
        private const uint Minor = 1;

        private static readonly object Gate = new object();
        private static bool _ready;

        private static string Wanted => $"TigerGraphAuth needs version {Major}.{Minor} of the native library";

        /// <summary>Called before anything else of the library.</summary>
        public static void EnsureLoaded()
        {
            lock (Gate)
            {
                if (!_ready)
                {
                    SetResolver();
                    CheckVersion();
                    _ready = true;
                }
            }
        }

        private static void CheckVersion()
        {
            uint number;
            try
            {
                number = NativeMethods.tg_version_number();
            }
            catch (DllNotFoundException e) when (!e.Message.StartsWith(Wanted, StringComparison.Ordinal))
            {
                throw new DllNotFoundException($"{Wanted}, which was not found{Where}. {Advice}", e);
            }
            catch (EntryPointNotFoundException e)
            {
                throw new DllNotFoundException(
                    $"{Wanted}; a library of that name was found, but is another. {Advice}", e);
            }
            catch (BadImageFormatException e)
            {
                throw new DllNotFoundException(
                    $"{Wanted}; a library of that name was found, but is for another processor. {Advice}", e);
            }
            if (number >> 16 != Major || ((number >> 8) & 0xff) != Minor)
            {
                string found = NativeText.Read(NativeMethods.tg_version());
                throw new DllNotFoundException($"{Wanted}; version {found} was found. {Advice}");
            }
        }

#if NETCOREAPP
        private const string Variable = "TIGERGRAPH_AUTH_LIBRARY";

        private static string Advice =>
            $"Install it, or set {Variable} to the path of {FileName}, or put that file in " +
            $"{Path.Combine("runtimes", Runtime, "native")} beside the program.";

        private static string Where =>
            $" for {Runtime}{(_refused.Length == 0 ? "" : $" ({_refused} is there, but cannot be loaded)")}. A program " +
            "that was built with a RuntimeIdentifier which its SDK or this package does not know has none";

        // The last file that is there, but for another system.
        private static string _refused = "";

        private static string FileName =>
            RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "tigergraph_auth.dll"
            : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? "libtigergraph_auth.dylib"
            : "libtigergraph_auth.so";

        // As the loader of the system knows an installed library.
        private static string InstalledName =>
            RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "tigergraph_auth.dll"
            : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? $"libtigergraph_auth.{Major}.{Minor}.dylib"
            : $"libtigergraph_auth.so.{Major}.{Minor}";

        private static string Runtime
        {
            get
            {
                string system = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "win"
                    : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? "osx"
                    : IsMusl ? "linux-musl"
                    : "linux";
                return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
            }
        }

        /// <summary>Whether this process has musl's loader. That there is one on the system says nothing.</summary>
        private static bool IsMusl
        {
            get
            {
                try
                {
                    return File.ReadLines("/proc/self/maps").Any(line => line.Contains("/ld-musl-", StringComparison.Ordinal));
                }
                catch (Exception e) when (e is IOException || e is UnauthorizedAccessException)
                {
                    return false;
                }
            }
        }

        private static void SetResolver()
        {
            try
            {
                NativeLibrary.SetDllImportResolver(typeof(NativeLoader).Assembly, Resolve);
            }
            catch (InvalidOperationException)
            {
                // There is one: the program's own, which is to be respected, or this one after a failed start.
            }
        }

        /// <summary>The variable alone if it is set; else the program's folders, then those of the system.</summary>
        private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
        {
            if (name != NativeMethods.Library)
            {
                return IntPtr.Zero;
            }
            string? path = Environment.GetEnvironmentVariable(Variable);
            if (!string.IsNullOrEmpty(path))
            {
                return NativeLibrary.TryLoad(path, out IntPtr named)
                    ? named
                    : throw new DllNotFoundException($"{Wanted}, but {Variable} names {path}, which cannot be loaded.");
            }
            foreach (string folder in Folders())
            {
                string file = Path.Combine(folder, FileName);
                if (!File.Exists(file))
                {
                    continue;
                }
                if (NativeLibrary.TryLoad(file, out IntPtr own))
                {
                    return own;
                }
                _refused = file;
            }
            return NativeLibrary.TryLoad(InstalledName, assembly, searchPath, out IntPtr installed)
                ? installed
                : IntPtr.Zero;
        }

        /// <summary>Where a package restored by NuGet, or a published program, has the library.</summary>
        private static IEnumerable<string> Folders()
        {
            if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string folders)
            {
                foreach (string folder in folders.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
                {
                    yield return folder;
                }
            }
            yield return Path.Combine(AppContext.BaseDirectory, "runtimes", Runtime, "native");
            yield return AppContext.BaseDirectory;
        }
#else
        private static string Advice =>
            "Install it where the loader of the system finds it, or name its folder in LD_LIBRARY_PATH.";

        private static string Where => "";

        /// <summary>Mono and others without a resolver look for the library by themselves.</summary>
        private static void SetResolver()
        {
        }
#endif
    }
}
