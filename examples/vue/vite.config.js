import vue from "@vitejs/plugin-vue";

const isCustomElement = (tag) => tag === "holdpoint-agent";

export default { plugins: [vue({ template: { compilerOptions: { isCustomElement } } })] };
