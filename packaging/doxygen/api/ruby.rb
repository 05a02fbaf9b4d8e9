# frozen_string_literal: true

# Prints what the Ruby gem offers, with its comments, as a Markdown page for packaging/doxygen/guide.
#
#   ruby packaging/doxygen/api/ruby.rb

require "yard"

FOLDER = "bindings/ruby/lib"

YARD::Logger.instance.level = YARD::Logger::ERROR
YARD.parse("#{FOLDER}/**/*.rb")

def shown?(object)
  object.visibility == :public && !object.tag(:private) && object.tag(:api)&.text != "private" &&
    (object.parent.root? || shown?(object.parent))
end

# A class by its name below the module, a method as Class#method or Class.method.
def title(object)
  object.path.delete_prefix("TigerGraphAuth::").sub(/#initialize\z/, ".new")
end

# What the guide makes of a heading.
def anchor(object)
  title(object).downcase.gsub(/[^\w\- ]/, "").tr(" ", "-")
end

# {Class#method} and {Class#method text} are links in YARD, also in backquotes, where they are code.
def text(comment, from)
  comment.to_s.gsub(/(`[^`]*`)|\{(\S+?)(?:\s([^}]+))?\}/m) do
    code, name, words = Regexp.last_match.captures
    next code if code

    found = YARD::Registry.at(name) || YARD::Registry.resolve(from, name)
    abort "#{from.path}: {#{name}} leads nowhere" unless found
    found = found.parent if !shown?(found) || found.type == :constant
    words ||= "`#{name.delete_prefix("#")}`"
    "[#{words}](##{anchor(found)})"
  end
end

def types(tag)
  tag.types ? " (`#{tag.types.join(", ")}`)" : ""
end

def item(name, tag, from)
  puts "* #{name}#{types(tag)}#{": " unless tag.text.to_s.empty?}#{text(tag.text, from).gsub(/\s*\n\s*/, " ")}"
end

def tags(object)
  object.tags.each do |tag|
    case tag.tag_name
    when "param" then item("`#{tag.name}`", tag, object)
    when "option" then item("`#{tag.pair.name.delete_prefix(":")}:`", tag.pair, object)
    when "yieldparam" then item("gives the block `#{tag.name}`", tag, object)
    when "yieldreturn" then item("the block returns", tag, object)
    when "return" then item("returns", tag, object)
    when "raise" then item("raises", tag, object)
    when "deprecated" then puts "Deprecated: #{text(tag.text, object)}", ""
    when "example" then puts "", tag.name, "", "```ruby", tag.text, "```", ""
    else abort "#{object.path}: @#{tag.tag_name} is not known here"
    end
  end
end

def signature(method)
  method.signature.delete_prefix("def ").delete_prefix("self.").sub(/\Ainitialize\b/, "new")
end

# Ruby itself calls initialize_copy, and a constructor without a comment is for the gem.
def hidden?(method)
  method.name == :initialize_copy || (method.constructor? && method.docstring.blank?(false))
end

# YARD adds to a constructor that it returns an instance.
def members(object)
  attributes = object.attributes.values.flat_map { |by_name| by_name.values.map { |pair| pair[:read] || pair[:write] } }
  methods = (attributes.compact + object.meths(inherited: false, included: false)).uniq
  methods.each { |method| method.docstring.delete_tags(:return) if method.constructor? }
  methods = methods.select { |method| shown?(method) && !hidden?(method) }
  methods.sort_by { |method| [method.scope.to_s, method.line] }
end

def entry(method)
  puts "", "### #{title(method)}", "", "```ruby", signature(method), "```", "", text(method.docstring, method), ""
  tags(method)
end

def heading(object)
  puts "", "## #{title(object)}", ""
  parent = object.superclass if object.type == :class
  puts "A kind of `#{title(parent)}`.", "" if parent && parent.path != "Object"
  puts text(object.docstring, object), ""
  tags(object)
  members(object).each { |method| entry(method) }
end

puts "# Ruby: the gem tigergraph-auth"
parts = YARD::Registry.all(:module, :class).select { |object| shown?(object) }
errors, others = parts.partition { |part| part.type == :class && part.inheritance_tree.join(" ").include?("Error") }
[others, errors].each { |group| group.sort_by(&:path).each { |part| heading(part) } }
