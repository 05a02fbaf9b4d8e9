# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # What a user meets whose library is missing or is another one.
  class LibraryTest < TestCase
    LOAD = <<~RUBY
      begin
        require "tigergraph_auth"
        puts "loaded"
      rescue LoadError => e
        puts e.class, e.message
      end
    RUBY

    # Loads the gem with a library made of this C text; without one, the file does not exist.
    def load_with(c_text)
      Dir.mktmpdir do |folder|
        library = File.join(folder, "libstub.so")
        if c_text
          _, status = Open3.capture2("cc", "-shared", "-fPIC", "-x", "c", "-o", library, "-", stdin_data: c_text)
          assert status.success?
        end
        return answer_of({ "TIGERGRAPH_AUTH_LIBRARY" => library })
      end
    end

    def answer_of(environment, *options)
      out, err, status = ruby(*options, "-e", LOAD, environment: environment)
      assert status.success?, err
      assert_empty err
      out
    end

    def version_stub(major, minor, patch)
      "#include <stdint.h>\nuint32_t tg_version_number(void) { return #{major << 16 | minor << 8 | patch}u; }\n"
    end

    def test_by_its_name
      assert_equal "loaded\n", answer_of({})
    end

    def test_by_the_variable
      file = File.join(ENV.fetch("TIGERGRAPH_AUTH_PREFIX"), "lib/libtigergraph_auth.so")
      assert_equal "loaded\n", answer_of({ "TIGERGRAPH_AUTH_LIBRARY" => file, "LD_LIBRARY_PATH" => "" })
    end

    def test_missing_where_the_variable_says
      answer = load_with(nil)
      assert_includes answer, "TigerGraphAuth::LibraryNotFound"
      assert_includes answer, "libstub.so"
      assert_includes answer, "TIGERGRAPH_AUTH_LIBRARY"
    end

    def test_missing_everywhere
      answer = answer_of({ "LD_LIBRARY_PATH" => "/nonexistent" })
      assert_includes answer, "TigerGraphAuth::LibraryNotFound"
      assert_includes answer, "libtigergraph_auth.so.0.1"
      assert_includes answer, "tigergraph_auth/native/libtigergraph_auth.so"
      assert_includes answer, "Install the library"
    end

    def test_in_the_folder_of_the_gem
      Dir.mktmpdir do |folder|
        FileUtils.cp_r("#{LIB}/.", folder)
        FileUtils.mkdir(File.join(folder, "tigergraph_auth/native"))
        FileUtils.cp(File.join(ENV.fetch("TIGERGRAPH_AUTH_PREFIX"), "lib/libtigergraph_auth.so"),
                     File.join(folder, "tigergraph_auth/native"))
        out, = Open3.capture2({ "LD_LIBRARY_PATH" => "" }, RbConfig.ruby, "-w", "-I", folder, "-e", LOAD)
        assert_equal "loaded\n", out
      end
    end

    def test_another_version
      [[0, 2, 0], [1, 1, 0], [0, 0, 9]].each do |version|
        answer = load_with(version_stub(*version))
        assert_includes answer, "TigerGraphAuth::WrongLibraryVersion"
        assert_includes answer, "is version #{version.join(".")} of libtigergraph_auth"
        assert_includes answer, "needs 0.1.x"
      end
    end

    def test_another_patch_release_is_no_hindrance_by_itself
      Library.check_version(0 << 16 | 1 << 8 | 99, "file")
    end

    def test_another_library
      answer = load_with("int something_else(void) { return 0; }")
      assert_includes answer, "TigerGraphAuth::LibraryNotFound"
      assert_includes answer, "is not libtigergraph_auth"
    end

    def test_a_library_that_lacks_functions
      answer = load_with(version_stub(0, 1, 0))
      assert_includes answer, "TigerGraphAuth::WrongLibraryVersion"
      assert_includes answer, "lacks the function tg_version"
    end
  end
end
