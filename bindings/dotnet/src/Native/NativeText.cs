using System;
using System.Runtime.InteropServices;
using System.Text;

namespace TigerGraphAuth
{
    /// <summary>
    /// An argument as NUL-terminated UTF-8, in memory that the garbage collector neither moves nor copies, and that is
    /// wiped when the call is over.
    /// </summary>
    internal sealed unsafe class NativeText : IDisposable
    {
        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);

        private readonly int _length;

        /// <summary>Null stays null: <see cref="Pointer"/> is zero.</summary>
        public NativeText(string? text, string name)
        {
            if (text == null)
            {
                return;
            }
            if (text.IndexOf('\0') >= 0)
            {
                throw new ArgumentException("The text has a NUL character in it.", name);
            }
            _length = LengthOf(text, name);
            Pointer = Marshal.AllocHGlobal(_length + 1);
            var bytes = (byte*)Pointer;
            fixed (char* characters = text)
            {
                Utf8.GetBytes(characters, text.Length, bytes, _length);
            }
            bytes[_length] = 0;
        }

        public IntPtr Pointer { get; private set; }

        /// <summary>Copies a text of the library's, which is never NULL.</summary>
        public static string Read(IntPtr text)
        {
            var bytes = (byte*)text;
            int length = 0;
            while (bytes != null && bytes[length] != 0)
            {
                length++;
            }
            return length == 0 ? string.Empty : Encoding.UTF8.GetString(bytes, length);
        }

        /// <summary>The same, with null for the empty text.</summary>
        public static string? ReadOrNull(IntPtr text)
        {
            string read = Read(text);
            return read.Length == 0 ? null : read;
        }

        public void Dispose()
        {
            if (Pointer == IntPtr.Zero)
            {
                return;
            }
            var bytes = (byte*)Pointer;
            for (int i = 0; i < _length; i++)
            {
                bytes[i] = 0;
            }
            Marshal.FreeHGlobal(Pointer);
            Pointer = IntPtr.Zero;
        }

        private static int LengthOf(string text, string name)
        {
            try
            {
                return Utf8.GetByteCount(text);
            }
            catch (EncoderFallbackException)
            {
                // The original tells a part of the text, which may be a secret.
                throw new ArgumentException("The text has one half of a surrogate pair in it.", name);
            }
        }
    }
}
